#ifndef HERALD_BATCH_SOCKET_H
#define HERALD_BATCH_SOCKET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "handle.h"

#define MAX_SLOTS 64
#define CONTROL_SIZE 128

/* What JavaScript reads about one received message; src/io/batch-buffers.ts has the same layout. */
struct message_info {
  uint32_t slot;
  uint32_t length;
  /* received TTL or hop limit, -1 when unknown; UDP only, as all that follow */
  int32_t ttl;
  uint32_t interface_index;
  uint32_t source_port;
  int32_t traffic_class;
  uint8_t source[16];
  uint8_t destination[16];
};

/* Read by JavaScript. The first two only grow; send_error is of the last batch_socket_send(), 0 if all went well but for lack of room. */
struct batch_counters {
  uint32_t truncated;
  uint32_t send_failures;
  uint32_t send_error;
};

struct batch_socket;

/* What differs from one kind of socket to another. */
struct batch_kind {
  /*
   * Brings up to `slots` messages into `rx` and describes in `info` those that JavaScript is to see, `*count` of them. Returns how many were
   * taken, or -1 with errno.
   */
  int (*receive)(struct batch_socket *socket, uint32_t *count);
  /* Whether receive() would bring a message, where looking costs next to nothing. Optional. */
  bool (*waiting)(struct batch_socket *socket);
  /* Throws away what is in the receive queue now; returns how many messages. */
  uint32_t (*discard)(struct batch_socket *socket);
  /* for batch_receive(): fills in what the kind of socket knows; false drops the message. Optional. */
  bool (*describe)(struct msghdr *header, struct message_info *info);
  /* replaces the number of an error by a clearer one. Optional. */
  int (*explain)(struct batch_socket *socket, int number);
  /* frees `own`; called exactly once, when the descriptor is closed. Optional. */
  void (*release)(void *own);
};

/*
 * A datagram socket that takes up to MAX_SLOTS messages at once into memory that JavaScript allocated once, calls JavaScript once for all of
 * them, and sends the replies that JavaScript wrote with one system call.
 */
struct batch_socket {
  struct handle handle;
  const struct batch_kind *kind;
  /* what the kind of socket keeps */
  void *own;
  uint32_t slots;
  uint32_t slot_size;
  uint8_t *rx;
  uint8_t *tx;
  struct message_info *info;
  uint32_t *tx_lengths;
  struct batch_counters *counters;
  napi_ref buffers;
  napi_ref on_batch;
  napi_ref on_error;
  unsigned idle_wakeups;
  /* when the last messages were taken, on the monotonic clock */
  uint64_t last_taken_ns;
  /* till then nothing is waited for in a busy loop, because others want the processor */
  uint64_t crowded_until_ns;
  int family;
  struct mmsghdr rx_headers[MAX_SLOTS];
  struct mmsghdr tx_headers[MAX_SLOTS];
  struct iovec rx_vectors[MAX_SLOTS];
  struct iovec tx_vectors[MAX_SLOTS];
  struct sockaddr_in6 names[MAX_SLOTS];
  _Alignas(struct cmsghdr) uint8_t controls[MAX_SLOTS][CONTROL_SIZE];
};

/*
 * Takes `fd`, `own` and the memory in `options`: slots, slotSize, rx, info, counters, onBatch, onError, and optionally tx, txLengths. Returns
 * the JavaScript handle, or NULL with an exception pending, the descriptor closed and `own` released.
 */
napi_value batch_socket_open(napi_env env, int fd, int family, napi_value options, const struct batch_kind *kind, void *own);

/* What a kind of socket without anything better receives and discards with: recvmmsg() and recv(). */
int batch_receive(struct batch_socket *socket, uint32_t *count);
uint32_t batch_discard(struct batch_socket *socket);

/* Sends headers[0..count). A message that the kernel refuses does not hold up those behind it. Returns how many the kernel took. */
unsigned batch_socket_send(struct batch_socket *socket, struct mmsghdr *headers, unsigned count);

/* SO_RCVBUFFORCE where CAP_NET_ADMIN allows it, else what net.core.rmem_max allows. */
void set_receive_buffer(int fd, uint32_t bytes);

#endif
