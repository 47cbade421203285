/*
 * A bad cable between two network interfaces: passes every frame from one to the other, both ways, and loses, delays, doubles and reorders some.
 * What tc's netem does, for kernels that are built without it.
 *
 *   bad-cable FIRST SECOND LOSS DELAY_US JITTER_US DOUBLE REORDER SEED
 *
 * LOSS, DOUBLE and REORDER are shares of a million. A reordered frame waits for three times the jitter more; all others keep their order. Ends on
 * SIGTERM, or when an interface is gone. Prints "ready" once it passes frames.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A frame that segmentation offload has left whole, and its virtio_net_hdr, which carries checksums still to be made. */
#define MOST_BYTES (65536 + 64)
#define MOST_WAITING 4096

struct frame {
  struct frame *next;
  uint64_t due_us;
  int to;
  uint32_t length;
  uint8_t bytes[];
};

static struct frame *waiting;
static int waiting_count;
static uint64_t last_due_us[2];
static uint64_t random_state;

static uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* xorshift64* */
static uint32_t random_below(uint32_t bound) {
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (uint32_t)((random_state * 0x2545f4914f6cdd1dULL) >> 32) % bound;
}

static int chance(uint32_t millionths) { return random_below(1000000) < millionths; }

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int open_end(const char *name) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  if (fd < 0) fail("socket");
  int on = 1;
  if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) < 0) fail("PACKET_VNET_HDR");
  if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) < 0) fail("PACKET_IGNORE_OUTGOING");
  int bytes = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(name)};
  if (address.sll_ifindex == 0) fail(name);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
  return fd;
}

/* Sorted by time; of the same time in the order of arrival. */
static void keep(int to, const uint8_t *bytes, uint32_t length, uint64_t due_us) {
  if (waiting_count == MOST_WAITING) return;
  struct frame *frame = malloc(sizeof *frame + length);
  if (frame == NULL) fail("malloc");
  frame->due_us = due_us;
  frame->to = to;
  frame->length = length;
  memcpy(frame->bytes, bytes, length);
  struct frame **place = &waiting;
  while (*place != NULL && (*place)->due_us <= due_us) place = &(*place)->next;
  frame->next = *place;
  *place = frame;
  waiting_count++;
}

int main(int count, char **words) {
  if (count != 9) {
    fprintf(stderr, "usage: bad-cable FIRST SECOND LOSS DELAY_US JITTER_US DOUBLE REORDER SEED\n");
    return 2;
  }
  uint32_t loss = (uint32_t)atol(words[3]), delay_us = (uint32_t)atol(words[4]), jitter_us = (uint32_t)atol(words[5]);
  uint32_t doubled = (uint32_t)atol(words[6]), reorder = (uint32_t)atol(words[7]);
  random_state = (uint64_t)atoll(words[8]) * 2 + 1;
  struct pollfd ends[2] = {{open_end(words[1]), POLLIN, 0}, {open_end(words[2]), POLLIN, 0}};
  static uint8_t bytes[MOST_BYTES];
  puts("ready");
  fflush(stdout);
  for (;;) {
    uint64_t now = now_us();
    while (waiting != NULL && waiting->due_us <= now) {
      struct frame *frame = waiting;
      waiting = frame->next;
      waiting_count--;
      /* A cable that is full, or whose other end is down, loses it. */
      if (send(ends[frame->to].fd, frame->bytes, frame->length, 0) < 0 && errno == ENXIO) return 0;
      free(frame);
    }
    struct timespec wait = {0, 0};
    if (waiting != NULL) {
      uint64_t left = waiting->due_us - now;
      wait.tv_sec = (time_t)(left / 1000000);
      wait.tv_nsec = (long)(left % 1000000) * 1000;
    }
    if (ppoll(ends, 2, waiting == NULL ? NULL : &wait, NULL) < 0 && errno != EINTR) fail("ppoll");
    for (int end = 0; end < 2; end++) {
      for (int batch = 0; batch < 64; batch++) {
        ssize_t length = recv(ends[end].fd, bytes, sizeof bytes, 0);
        if (length < 0 && errno == ENXIO) return 0;
        if (length <= 0) break;
        if (chance(loss)) continue;
        uint64_t due = now_us() + delay_us + (jitter_us > 0 ? random_below(jitter_us) : 0);
        if (chance(reorder)) {
          due += 3 * (uint64_t)jitter_us;
        } else {
          if (due < last_due_us[end]) due = last_due_us[end];
          last_due_us[end] = due;
        }
        keep(1 - end, bytes, (uint32_t)length, due);
        if (chance(doubled)) keep(1 - end, bytes, (uint32_t)length, due + 200);
      }
    }
  }
}
