#ifndef HERALD_PACKET_RING_H
#define HERALD_PACKET_RING_H

#include <stdint.h>

#include "batch_socket.h"

/*
 * The receive queue of a packet socket in memory that kernel and process share (packet_mmap, TPACKET_V2). Unlike a socket's buffer it is not
 * bounded by net.core.rmem_max, and a frame in it costs its slot alone. V2 rather than V3, which hands frames over in blocks and late.
 */
struct packet_ring;

/*
 * Gives the socket a ring of about `bytes` for frames of up to `frame_size` bytes from one interface. Before bind(), so that no frame takes
 * another way. NULL with errno, and in `*failed` the name of the call.
 */
struct packet_ring *packet_ring_open(int fd, uint32_t interface_index, uint32_t frame_size, uint32_t bytes, const char **failed);

/* For struct batch_kind; `own` is the ring. */
int packet_ring_receive(struct batch_socket *socket, uint32_t *count);
bool packet_ring_waiting(struct batch_socket *socket);
uint32_t packet_ring_discard(struct batch_socket *socket);
void packet_ring_release(void *ring);

#endif
