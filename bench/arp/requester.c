/*
 * Asks for IPv4 addresses by ARP and measures the answers. Prints one JSON object.
 *
 *   requester INTERFACE SOURCE FIRST COUNT latency REQUESTS GAP_US   one request at a time, GAP_US after the last answer
 *   requester INTERFACE SOURCE FIRST COUNT flood RATE SECONDS        RATE requests a second, whether answered or not
 *
 * The COUNT addresses from FIRST on are asked for in turn. A program of its own in C, so that it measures those who answer rather than itself.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define FRAME_LENGTH 42
#define BATCH 64
/* requests that leave with one system call */
#define BURST 10
#define ANSWER_TIMEOUT_MS 200

static int fd;
static uint8_t mac[6];
static uint32_t source, first, count;

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void open_socket(const char *interface_name) {
  struct ifreq request = {0};
  int one = 1, buffer = 512 << 20;
  strncpy(request.ifr_name, interface_name, sizeof request.ifr_name - 1);
  fd = socket(AF_PACKET, SOCK_RAW, 0);
  if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) != 0) fail(interface_name);
  memcpy(mac, request.ifr_hwaddr.sa_data, 6);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0) fail("SO_RCVBUFFORCE");
  setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET,
      .sll_protocol = htons(ETH_P_ARP),
      .sll_ifindex = (int)if_nametoindex(interface_name),
  };
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("bind");
}

static void write_request(uint8_t *frame, uint32_t sequence) {
  static const uint8_t fixed[] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
  uint32_t from = htonl(source), target = htonl(first + sequence % count);
  memset(frame, 0, FRAME_LENGTH);
  memset(frame, 0xff, 6);
  memcpy(frame + 6, mac, 6);
  memcpy(frame + 12, fixed, sizeof fixed);
  memcpy(frame + 22, mac, 6);
  memcpy(frame + 28, &from, 4);
  memcpy(frame + 38, &target, 4);
}

/* A reply to us, and for which address; announcements are none. */
static bool is_answer(const uint8_t *frame, ssize_t length, uint32_t *address) {
  if (length < FRAME_LENGTH || memcmp(frame, mac, 6) != 0 || frame[20] != 0 || frame[21] != 2) return false;
  memcpy(address, frame + 28, 4);
  *address = ntohl(*address);
  return true;
}

static int compare(const void *a, const void *b) {
  uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return left < right ? -1 : left > right;
}

static bool await_answer(uint32_t wanted, uint64_t deadline) {
  for (;;) {
    uint8_t frame[256];
    uint32_t address;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    ssize_t length = recv(fd, frame, sizeof frame, MSG_DONTWAIT);
    if (length >= 0) {
      if (is_answer(frame, length, &address) && address == wanted) return true;
      continue;
    }
    if (errno != EAGAIN) fail("recv");
    uint64_t now = now_ns();
    if (now >= deadline) return false;
    poll(&poll_fd, 1, (int)((deadline - now) / 1000000) + 1);
  }
}

static void latency(uint32_t requests, uint32_t gap_us) {
  uint64_t *samples = calloc(requests, sizeof *samples);
  uint32_t answered = 0;
  if (samples == NULL) fail("calloc");
  for (uint32_t i = 0; i < requests; i++) {
    uint8_t frame[FRAME_LENGTH];
    write_request(frame, i);
    uint64_t sent_at = now_ns();
    if (send(fd, frame, sizeof frame, 0) != FRAME_LENGTH) fail("send");
    if (await_answer(first + i % count, sent_at + ANSWER_TIMEOUT_MS * 1000000ULL)) samples[answered++] = now_ns() - sent_at;
    if (gap_us > 0) usleep(gap_us);
  }
  qsort(samples, answered, sizeof *samples, compare);
  printf("{\"sent\":%u,\"answered\":%u,\"latenciesUs\":[", requests, answered);
  for (uint32_t i = 0; i < answered; i++) printf("%s%.1f", i ? "," : "", (double)samples[i] / 1000);
  printf("]}\n");
}

static uint64_t receive_all(void) {
  static uint8_t frames[BATCH][128];
  static struct iovec vectors[BATCH];
  static struct mmsghdr headers[BATCH];
  uint64_t answers = 0;
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = (struct iovec){.iov_base = frames[i], .iov_len = sizeof frames[i]};
      headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int received = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < received; i++) {
      uint32_t address;
      answers += is_answer(frames[i], headers[i].msg_len, &address);
    }
    if (received < BATCH) return answers;
  }
}

static void flood(uint32_t rate, double seconds) {
  static uint8_t frames[BURST][FRAME_LENGTH];
  struct iovec vectors[BURST];
  struct mmsghdr headers[BURST] = {0};
  uint64_t sent = 0, answered = 0, latest_ns = 0;
  for (int i = 0; i < BURST; i++) {
    vectors[i] = (struct iovec){.iov_base = frames[i], .iov_len = FRAME_LENGTH};
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  uint64_t total = (uint64_t)(rate * seconds), started = now_ns();
  while (sent < total) {
    uint64_t elapsed = now_ns() - started, due = elapsed * rate / 1000000000;
    while (sent + BURST <= due && sent < total) {
      for (int i = 0; i < BURST; i++) write_request(frames[i], (uint32_t)sent + (uint32_t)i);
      int taken = sendmmsg(fd, headers, BURST, 0);
      if (taken < 0 && errno != ENOBUFS) fail("sendmmsg");
      if (taken > 0) sent += (uint64_t)taken;
      answered += receive_all();
    }
    answered += receive_all();
  }
  latest_ns = now_ns();
  double took = (double)(latest_ns - started) / 1e9;
  /* what comes a second after the last one is lost to whoever asked */
  while (answered < sent && now_ns() - latest_ns < 1000000000) {
    uint64_t more = receive_all();
    answered += more;
    if (more == 0) usleep(1000);
  }
  printf("{\"sent\":%llu,\"answered\":%llu,\"seconds\":%.3f}\n", (unsigned long long)sent, (unsigned long long)answered, took);
}

int main(int argc, char **argv) {
  struct in_addr from, target;
  if (argc != 8 || inet_pton(AF_INET, argv[2], &from) != 1 || inet_pton(AF_INET, argv[3], &target) != 1 || atoi(argv[4]) < 1) {
    fprintf(stderr, "usage: requester INTERFACE SOURCE FIRST COUNT latency REQUESTS GAP_US | flood RATE SECONDS\n");
    return 2;
  }
  source = ntohl(from.s_addr);
  first = ntohl(target.s_addr);
  count = (uint32_t)atoi(argv[4]);
  open_socket(argv[1]);
  if (strcmp(argv[5], "latency") == 0) latency((uint32_t)atoi(argv[6]), (uint32_t)atoi(argv[7]));
  else flood((uint32_t)atoi(argv[6]), atof(argv[7]));
  return 0;
}
