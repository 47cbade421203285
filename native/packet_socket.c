#include "packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <unistd.h>

#include "batch_socket.h"
#include "errors.h"
#include "packet_ring.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

/* The kernel says ENETDOWN both when an interface goes down (the socket works again once it is up) and when it goes for good. */
static int explain(struct batch_socket *socket, int number) {
  struct sockaddr_ll address = {0};
  socklen_t length = sizeof address;
  if (number != ENETDOWN) return number;
  if (getsockname(socket->handle.fd, (struct sockaddr *)&address, &length) != 0) return number;
  return address.sll_ifindex <= 0 ? ENXIO : number;
}

static const struct batch_kind packet_kind = {
    .receive = packet_ring_receive,
    .waiting = packet_ring_waiting,
    .discard = packet_ring_discard,
    .explain = explain,
    .release = packet_ring_release,
};

static const char *configure(int fd, uint32_t interface_index, uint32_t ether_type, const uint8_t *filter,
                             size_t filter_length, uint32_t qdisc_bypass) {
  int one = 1;
  if (filter != NULL) {
    struct sock_fprog program = {
        .len = (unsigned short)(filter_length / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)filter,
    };
    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) return "setsockopt SO_ATTACH_FILTER";
  }
  if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) != 0) return "setsockopt PACKET_IGNORE_OUTGOING";
  if (qdisc_bypass && setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one) != 0) {
    return "setsockopt PACKET_QDISC_BYPASS";
  }
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET,
      .sll_protocol = htons((uint16_t)ether_type),
      .sll_ifindex = (int)interface_index,
  };
  return bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ? "bind" : NULL;
}

static napi_value packet_open(napi_env env, napi_callback_info info) {
  napi_value options;
  uint32_t interface_index = 0, ether_type = 0, frame_size = 0, ring_bytes = 0, qdisc_bypass = 0;
  uint8_t *filter = NULL;
  size_t filter_length = 0;
  if (!read_arguments(env, info, 1, &options) || !option_u32(env, options, "interfaceIndex", &interface_index) ||
      !option_u32(env, options, "etherType", &ether_type) ||
      !option_u32(env, options, "slotSize", &frame_size) || !option_u32(env, options, "ringBytes", &ring_bytes) ||
      !option_u32(env, options, "qdiscBypass", &qdisc_bypass) ||
      !option_bytes(env, options, "filter", &filter, &filter_length)) {
    return NULL;
  }
  if (interface_index == 0) return throw_errno(env, ENODEV, "bind");
  /* protocol 0: nothing arrives before bind(), so nothing slips past the filter */
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return throw_errno(env, errno, "socket AF_PACKET");
  const char *failed;
  struct packet_ring *ring = packet_ring_open(fd, interface_index, frame_size, ring_bytes, &failed);
  if (ring != NULL) failed = configure(fd, interface_index, ether_type, filter, filter_length, qdisc_bypass);
  if (failed != NULL) {
    int number = errno;
    close(fd);
    if (ring != NULL) packet_ring_release(ring);
    return throw_errno(env, number, failed);
  }
  return batch_socket_open(env, fd, AF_PACKET, options, &packet_kind, ring);
}

/* packetSend(handle, frames) → how many the kernel took */
static napi_value packet_send(napi_env env, napi_callback_info info) {
  napi_value arguments[2], frame, result;
  uint32_t count, taken = 0;
  if (!read_arguments(env, info, 2, arguments)) return NULL;
  struct batch_socket *socket = (struct batch_socket *)handle_unwrap(env, arguments[0]);
  if (socket == NULL) return NULL;
  if (socket->handle.closing) return throw_errno(env, EBADF, "sendmmsg");
  if (napi_get_array_length(env, arguments[1], &count) != napi_ok) return throw_message(env, "an array of frames was expected");
  for (uint32_t offset = 0; offset < count; offset += MAX_SLOTS) {
    struct mmsghdr headers[MAX_SLOTS];
    struct iovec vectors[MAX_SLOTS];
    uint32_t chunk = count - offset < MAX_SLOTS ? count - offset : MAX_SLOTS;
    memset(headers, 0, sizeof headers);
    for (uint32_t i = 0; i < chunk; i++) {
      uint8_t *bytes;
      if (napi_get_element(env, arguments[1], offset + i, &frame) != napi_ok ||
          !read_bytes(env, frame, &bytes, &vectors[i].iov_len)) {
        return NULL;
      }
      vectors[i].iov_base = bytes;
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
    }
    taken += batch_socket_send(socket, headers, chunk);
  }
  return napi_create_uint32(env, taken, &result) == napi_ok ? result : NULL;
}

/* packetMembership(handle, mac, 1 to add or 0 to drop) */
static napi_value packet_membership(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint8_t *mac;
  size_t length;
  uint32_t add;
  struct sockaddr_ll address = {0};
  socklen_t address_length = sizeof address;
  if (!read_arguments(env, info, 3, arguments)) return NULL;
  struct handle *handle = handle_unwrap(env, arguments[0]);
  if (handle == NULL || !read_bytes(env, arguments[1], &mac, &length) || !read_u32(env, arguments[2], &add)) return NULL;
  if (length != 6) return throw_message(env, "a MAC address has 6 bytes");
  if (getsockname(handle->fd, (struct sockaddr *)&address, &address_length) != 0) {
    return throw_errno(env, errno, "getsockname");
  }
  if (address.sll_ifindex <= 0) return throw_errno(env, ENXIO, "setsockopt PACKET_ADD_MEMBERSHIP");
  struct packet_mreq request = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_MULTICAST, .mr_alen = 6};
  memcpy(request.mr_address, mac, 6);
  int option = add ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP;
  if (setsockopt(handle->fd, SOL_PACKET, option, &request, sizeof request) != 0) {
    return throw_errno(env, errno, add ? "setsockopt PACKET_ADD_MEMBERSHIP" : "setsockopt PACKET_DROP_MEMBERSHIP");
  }
  return NULL;
}

/* packetDrops(handle) → frames that the kernel dropped since the last call because the receive buffer was full */
static napi_value packet_drops(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  struct tpacket_stats statistics = {0};
  socklen_t length = sizeof statistics;
  if (!read_arguments(env, info, 1, &argument)) return NULL;
  struct handle *handle = handle_unwrap(env, argument);
  if (handle == NULL) return NULL;
  if (!handle->closing) getsockopt(handle->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length);
  return napi_create_uint32(env, statistics.tp_drops, &result) == napi_ok ? result : NULL;
}

const napi_property_descriptor packet_socket_functions[PACKET_SOCKET_FUNCTIONS] = {
    {"packetOpen", NULL, packet_open, NULL, NULL, NULL, napi_default, NULL},
    {"packetSend", NULL, packet_send, NULL, NULL, NULL, napi_default, NULL},
    {"packetMembership", NULL, packet_membership, NULL, NULL, NULL, napi_default, NULL},
    {"packetDrops", NULL, packet_drops, NULL, NULL, NULL, napi_default, NULL},
};
