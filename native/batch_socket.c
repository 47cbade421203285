#include "batch_socket.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "errors.h"

/* One poll reads at most this many batches, then other descriptors and timers have their turn. */
#define ROUNDS_PER_WAKEUP 8
/* Messages that come so soon after the last ones come in quick succession, and then the next are waited for so long. */
#define QUICK_SUCCESSION_NS 100000
#define LINGER_NS 40000
/* A yield that takes so long, and brings no message, has given the processor to somebody else. */
#define CROWDED_NS 50000
#define LEAVE_ALONE_NS 50000000
/* libuv stops polling on POLLERR; an error condition that cannot be read off the socket must not spin for ever. */
#define MAX_IDLE_WAKEUPS 16
/* More than any receive buffer holds; a flood must not keep us here. */
#define MAX_DISCARDED 1000000

static void report(struct batch_socket *socket, int number, const char *syscall) {
  struct handle *handle = &socket->handle;
  if (handle->environment_ending || handle->closing) return;
  napi_env env = handle->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (socket->kind->explain != NULL) number = socket->kind->explain(socket, number);
  napi_value error = make_errno(env, number, syscall);
  if (error != NULL) handle_call(handle, socket->on_error, 1, &error, NULL);
  napi_close_handle_scope(env, scope);
}

unsigned batch_socket_send(struct batch_socket *socket, struct mmsghdr *headers, unsigned count) {
  unsigned offset = 0, taken = 0;
  socket->counters->send_error = 0;
  while (offset < count) {
    int sent = sendmmsg(socket->handle.fd, headers + offset, count - offset, MSG_DONTWAIT);
    if (sent > 0) {
      offset += (unsigned)sent;
      taken += (unsigned)sent;
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    int number = sent < 0 ? errno : EIO;
    if (number != ENOBUFS && number != EAGAIN && socket->counters->send_error == 0) {
      if (socket->kind->explain != NULL) number = socket->kind->explain(socket, number);
      socket->counters->send_error = (uint32_t)number;
    }
    socket->counters->send_failures++;
    offset++;
  }
  return taken;
}

static void flush_replies(struct batch_socket *socket, uint32_t count) {
  if (count > socket->slots) count = socket->slots;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t length = socket->tx_lengths[i];
    socket->tx_vectors[i].iov_len = length <= socket->slot_size ? length : socket->slot_size;
  }
  batch_socket_send(socket, socket->tx_headers, count);
  if (socket->counters->send_error != 0) report(socket, (int)socket->counters->send_error, "sendmmsg");
}

int batch_receive(struct batch_socket *socket, uint32_t *count) {
  bool (*describe)(struct msghdr *, struct message_info *) = socket->kind->describe;
  int received = recvmmsg(socket->handle.fd, socket->rx_headers, socket->slots, MSG_DONTWAIT, NULL);
  *count = 0;
  for (int slot = 0; slot < received; slot++) {
    struct msghdr *header = &socket->rx_headers[slot].msg_hdr;
    struct message_info *info = &socket->info[*count];
    bool keep = true;
    if (header->msg_flags & MSG_TRUNC) {
      socket->counters->truncated++;
      keep = false;
    } else {
      info->slot = (uint32_t)slot;
      info->length = socket->rx_headers[slot].msg_len;
      if (describe != NULL) keep = describe(header, info);
    }
    if (keep) (*count)++;
    /* the kernel shortened these to what it wrote */
    header->msg_namelen = sizeof socket->names[slot];
    header->msg_controllen = CONTROL_SIZE;
  }
  return received;
}

uint32_t batch_discard(struct batch_socket *socket) {
  uint32_t count = 0;
  for (unsigned i = 0; i < MAX_DISCARDED; i++) {
    if (recv(socket->handle.fd, NULL, 0, MSG_DONTWAIT | MSG_TRUNC) >= 0) count++;
    else if (errno != EINTR) break;
  }
  return count;
}

/* True if JavaScript returned, and the socket is still open and not paused. */
static bool deliver(struct batch_socket *socket, uint32_t count) {
  struct handle *handle = &socket->handle;
  napi_env env = handle->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_value argument, result;
  uint32_t replies = 0;
  bool ok = napi_create_uint32(env, count, &argument) == napi_ok &&
            handle_call(handle, socket->on_batch, 1, &argument, &result) && !handle->closing;
  if (ok && socket->tx != NULL && napi_get_value_uint32(env, result, &replies) == napi_ok && replies > 0) {
    flush_replies(socket, replies);
  }
  napi_close_handle_scope(env, scope);
  return !handle->closing && !handle->paused;
}

static uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * Waits a moment for the next message where messages come in quick succession: to be woken up, on an idle processor above all, takes longer
 * than to take and answer one. Whoever else wants this processor has it meanwhile, and is left alone with it for a while.
 */
static bool linger(struct batch_socket *socket) {
  uint64_t now = monotonic_ns(), gap = now - socket->last_taken_ns;
  socket->last_taken_ns = now;
  if (gap > QUICK_SUCCESSION_NS || now < socket->crowded_until_ns) return false;
  for (uint64_t until = now + LINGER_NS; now < until;) {
    uint64_t before = now;
    sched_yield();
    if (socket->kind->waiting(socket)) return true;
    now = monotonic_ns();
    if (now - before > CROWDED_NS) {
      socket->crowded_until_ns = now + LEAVE_ALONE_NS;
      return false;
    }
  }
  return false;
}

static void on_event(struct handle *handle, int status, int events) {
  (void)events;
  struct batch_socket *socket = (struct batch_socket *)handle;
  bool progress = false;
  if (status < 0) {
    int number = 0;
    socklen_t length = sizeof number;
    getsockopt(handle->fd, SOL_SOCKET, SO_ERROR, &number, &length);
    if (number != 0) {
      progress = true;
      report(socket, number, "poll");
    }
  }
  for (int round = 0; round < ROUNDS_PER_WAKEUP && !handle->closing; round++) {
    uint32_t count;
    int received = socket->kind->receive(socket, &count);
    if (received < 0) {
      if (errno == EAGAIN || errno == EINTR) break;
      progress = true;
      report(socket, errno, "recvmmsg");
      continue;
    }
    progress = progress || received > 0;
    if (count > 0 && !deliver(socket, count)) break;
    if ((uint32_t)received == socket->slots) continue;
    if (received == 0 || socket->kind->waiting == NULL || !linger(socket)) break;
  }
  if (handle->closing || handle->paused || handle->polling) return;
  socket->idle_wakeups = progress ? 0 : socket->idle_wakeups + 1;
  if (socket->idle_wakeups > MAX_IDLE_WAKEUPS || handle_resume(handle, UV_READABLE) != 0) report(socket, EBADF, "poll");
}

static void on_closing(struct handle *handle) {
  struct batch_socket *socket = (struct batch_socket *)handle;
  napi_ref *references[] = {&socket->buffers, &socket->on_batch, &socket->on_error};
  for (size_t i = 0; i < sizeof references / sizeof *references; i++) {
    if (*references[i] != NULL) napi_delete_reference(handle->env, *references[i]);
    *references[i] = NULL;
  }
  if (socket->kind->release != NULL) socket->kind->release(socket->own);
}

static bool read_function(napi_env env, napi_value options, const char *name, napi_ref *out) {
  napi_value value;
  napi_valuetype type;
  if (napi_get_named_property(env, options, name, &value) == napi_ok && napi_typeof(env, value, &type) == napi_ok &&
      type == napi_function && napi_create_reference(env, value, 1, out) == napi_ok) {
    return true;
  }
  throw_message(env, "onBatch and onError have to be functions");
  return false;
}

static bool read_memory(napi_env env, napi_value options, struct batch_socket *socket) {
  uint8_t *rx = NULL, *tx = NULL, *info = NULL, *tx_lengths = NULL, *counters = NULL;
  size_t rx_size = 0, tx_size = 0, info_size = 0, tx_lengths_size = 0, counters_size = 0;
  if (!option_u32(env, options, "slots", &socket->slots) || !option_u32(env, options, "slotSize", &socket->slot_size) ||
      !option_bytes(env, options, "rx", &rx, &rx_size) || !option_bytes(env, options, "info", &info, &info_size) ||
      !option_bytes(env, options, "counters", &counters, &counters_size) ||
      !option_bytes(env, options, "tx", &tx, &tx_size) ||
      !option_bytes(env, options, "txLengths", &tx_lengths, &tx_lengths_size)) {
    return false;
  }
  size_t needed = (size_t)socket->slots * socket->slot_size;
  if (socket->slots == 0 || socket->slots > MAX_SLOTS || socket->slot_size == 0 || rx_size < needed ||
      info_size < socket->slots * sizeof(struct message_info) || counters_size < sizeof(struct batch_counters) ||
      (tx != NULL && (tx_size < needed || tx_lengths_size < socket->slots * sizeof(uint32_t)))) {
    throw_message(env, "the buffers do not fit the slots");
    return false;
  }
  if ((uintptr_t)info % _Alignof(struct message_info) != 0 || (uintptr_t)tx_lengths % 4 != 0 || (uintptr_t)counters % 4 != 0) {
    throw_message(env, "the buffers are not aligned");
    return false;
  }
  socket->rx = rx;
  socket->tx = tx;
  socket->info = (struct message_info *)info;
  socket->tx_lengths = (uint32_t *)tx_lengths;
  socket->counters = (struct batch_counters *)counters;
  /* the options object holds the buffers for as long as the socket is open */
  return napi_create_reference(env, options, 1, &socket->buffers) == napi_ok &&
         read_function(env, options, "onBatch", &socket->on_batch) &&
         read_function(env, options, "onError", &socket->on_error);
}

static void prepare_headers(struct batch_socket *socket) {
  for (uint32_t i = 0; i < socket->slots; i++) {
    struct msghdr *rx = &socket->rx_headers[i].msg_hdr, *tx = &socket->tx_headers[i].msg_hdr;
    socket->rx_vectors[i].iov_base = socket->rx + (size_t)i * socket->slot_size;
    socket->rx_vectors[i].iov_len = socket->slot_size;
    rx->msg_iov = &socket->rx_vectors[i];
    rx->msg_iovlen = 1;
    rx->msg_name = &socket->names[i];
    rx->msg_namelen = sizeof socket->names[i];
    rx->msg_control = socket->controls[i];
    rx->msg_controllen = CONTROL_SIZE;
    if (socket->tx == NULL) continue;
    socket->tx_vectors[i].iov_base = socket->tx + (size_t)i * socket->slot_size;
    tx->msg_iov = &socket->tx_vectors[i];
    tx->msg_iovlen = 1;
  }
}

napi_value batch_socket_open(napi_env env, int fd, int family, napi_value options, const struct batch_kind *kind, void *own) {
  struct batch_socket *socket = calloc(1, sizeof *socket);
  if (socket == NULL) {
    close(fd);
    if (kind->release != NULL) kind->release(own);
    return throw_errno(env, ENOMEM, "calloc");
  }
  socket->handle.env = env;
  socket->handle.on_event = on_event;
  socket->handle.on_closing = on_closing;
  socket->family = family;
  socket->kind = kind;
  socket->own = own;
  if (!read_memory(env, options, socket)) {
    on_closing(&socket->handle);
    close(fd);
    free(socket);
    return NULL;
  }
  prepare_headers(socket);
  return handle_open(env, &socket->handle, fd, UV_READABLE);
}

void set_receive_buffer(int fd, uint32_t bytes) {
  int value = (int)bytes;
  if (bytes == 0) return;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &value, sizeof value) != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof value);
  }
}
