#include "packet_ring.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Where the kernel puts a frame in its slot, at most: behind its own header and the address, aligned. */
#define FRAME_OFFSET (TPACKET_ALIGN(TPACKET2_HDRLEN + 16))
#define PAGES_PER_BLOCK 8

struct packet_ring {
  uint8_t *memory;
  size_t size;
  uint32_t interface_index;
  uint32_t block_size;
  uint32_t slot_size;
  uint32_t slots_per_block;
  uint32_t blocks;
  /* the slot that the kernel fills next, or has filled */
  uint32_t block;
  uint32_t slot;
};

struct packet_ring *packet_ring_open(int fd, uint32_t interface_index, uint32_t frame_size, uint32_t bytes, const char **failed) {
  int version = TPACKET_V2;
  uint32_t block_size = (uint32_t)sysconf(_SC_PAGESIZE) * PAGES_PER_BLOCK;
  uint32_t slot_size = TPACKET_ALIGN(FRAME_OFFSET + frame_size);
  struct packet_ring *ring = calloc(1, sizeof *ring);
  *failed = "calloc";
  if (ring == NULL) return NULL;
  ring->interface_index = interface_index;
  ring->block_size = block_size;
  ring->slot_size = slot_size;
  ring->slots_per_block = block_size / slot_size;
  ring->blocks = bytes > block_size ? bytes / block_size : 1;
  ring->size = (size_t)ring->blocks * block_size;
  struct tpacket_req request = {
      .tp_block_size = block_size,
      .tp_block_nr = ring->blocks,
      .tp_frame_size = slot_size,
      .tp_frame_nr = ring->slots_per_block * ring->blocks,
  };
  *failed = "setsockopt PACKET_VERSION";
  if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) == 0) {
    *failed = "setsockopt PACKET_RX_RING";
    if (setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) == 0) {
      *failed = "mmap";
      void *memory = mmap(NULL, ring->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      if (memory != MAP_FAILED) {
        ring->memory = memory;
        return ring;
      }
    }
  }
  int number = errno;
  free(ring);
  errno = number;
  return NULL;
}

/* The next slot if the kernel has filled it, else NULL. */
static struct tpacket2_hdr *filled_slot(struct packet_ring *ring) {
  size_t offset = (size_t)ring->block * ring->block_size + (size_t)ring->slot * ring->slot_size;
  struct tpacket2_hdr *header = (struct tpacket2_hdr *)(ring->memory + offset);
  return __atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER ? header : NULL;
}

/* Gives a slot back to the kernel. */
static void free_slot(struct packet_ring *ring, struct tpacket2_hdr *header) {
  __atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
  if (++ring->slot < ring->slots_per_block) return;
  ring->slot = 0;
  if (++ring->block == ring->blocks) ring->block = 0;
}

/*
 * A socket on an interface is also given what arrives for the VLANs on top of it, with the tag already taken off. Those frames belong to another
 * segment: either to an interface of their own, or, of type PACKET_OTHERHOST, to no one here.
 */
static bool of_this_segment(const struct packet_ring *ring, const struct tpacket2_hdr *header) {
  const struct sockaddr_ll *address =
      (const struct sockaddr_ll *)((const uint8_t *)header + TPACKET_ALIGN(sizeof(struct tpacket2_hdr)));
  return (uint32_t)address->sll_ifindex == ring->interface_index && address->sll_pkttype != PACKET_OTHERHOST;
}

int packet_ring_receive(struct batch_socket *socket, uint32_t *count) {
  struct packet_ring *ring = socket->own;
  int taken = 0;
  *count = 0;
  for (; taken < (int)socket->slots; taken++) {
    struct tpacket2_hdr *header = filled_slot(ring);
    if (header == NULL) break;
    if (header->tp_len > header->tp_snaplen || header->tp_len > socket->slot_size) {
      socket->counters->truncated++;
    } else if (of_this_segment(ring, header)) {
      struct message_info *info = &socket->info[*count];
      info->slot = *count;
      info->length = header->tp_len;
      /* a copy costs less than memory whose end JavaScript would have to respect */
      memcpy(socket->rx + (size_t)*count * socket->slot_size, (uint8_t *)header + header->tp_mac, header->tp_len);
      (*count)++;
    }
    free_slot(ring, header);
  }
  return taken;
}

bool packet_ring_waiting(struct batch_socket *socket) {
  return filled_slot(socket->own) != NULL;
}

uint32_t packet_ring_discard(struct batch_socket *socket) {
  struct packet_ring *ring = socket->own;
  uint32_t count = 0, most = ring->slots_per_block * ring->blocks;
  for (; count < most; count++) {
    struct tpacket2_hdr *header = filled_slot(ring);
    if (header == NULL) break;
    free_slot(ring, header);
  }
  return count;
}

void packet_ring_release(void *own) {
  struct packet_ring *ring = own;
  munmap(ring->memory, ring->size);
  free(ring);
}
