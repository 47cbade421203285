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

/*
 * A datagram socket that reads up to MAX_SLOTS messages with one system call, into memory that JavaScript allocated once, calls JavaScript once
 * for all of them, and sends the replies that JavaScript wrote with one more.
 */
struct batch_socket {
  struct handle handle;
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
  int family;
  /* fills in what the kind of socket knows; false drops the message. Optional. */
  bool (*describe)(struct msghdr *header, struct message_info *info);
  /* replaces the number of an error by a clearer one. Optional. */
  int (*explain)(struct batch_socket *socket, int number);
  struct mmsghdr rx_headers[MAX_SLOTS];
  struct mmsghdr tx_headers[MAX_SLOTS];
  struct iovec rx_vectors[MAX_SLOTS];
  struct iovec tx_vectors[MAX_SLOTS];
  struct sockaddr_in6 names[MAX_SLOTS];
  _Alignas(struct cmsghdr) uint8_t controls[MAX_SLOTS][CONTROL_SIZE];
};

/*
 * Takes `fd` and the memory in `options`: slots, slotSize, rx, info, counters, onBatch, onError, and optionally tx, txLengths. Returns the
 * JavaScript handle, or NULL with an exception pending and the descriptor closed.
 */
napi_value batch_socket_open(napi_env env, int fd, int family, napi_value options,
                             bool (*describe)(struct msghdr *, struct message_info *),
                             int (*explain)(struct batch_socket *, int));

/* Sends headers[0..count). A message that the kernel refuses does not hold up those behind it. Returns how many the kernel took. */
unsigned batch_socket_send(struct batch_socket *socket, struct mmsghdr *headers, unsigned count);

/* Throws away what is in the receive queue now; returns how many messages. */
uint32_t batch_socket_discard(struct batch_socket *socket);

/* SO_RCVBUFFORCE where CAP_NET_ADMIN allows it, else what net.core.rmem_max allows. */
void set_receive_buffer(int fd, uint32_t bytes);

#endif
