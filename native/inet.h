#ifndef HERALD_INET_H
#define HERALD_INET_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include <node_api.h>
#include <stdbool.h>

/* The options that UDP and TCP sockets share. -1 and "" mean: leave as the system has it. */
struct inet_options {
  int family;
  struct sockaddr_storage local;
  socklen_t local_length;
  int32_t local_port;
  int32_t ttl;
  int32_t min_ttl;
  int32_t traffic_class;
  char device[16];
};

/* Fills `out` from 4 or 16 address bytes; 0 if there are neither. */
socklen_t inet_address(struct sockaddr_storage *out, const uint8_t *bytes, size_t length, uint32_t port, uint32_t scope);

/*
 * Reads family (4 or 6), localAddress, localPort, localScope, device, ttl, minTtl, trafficClass. False means that an
 * exception is pending.
 */
bool inet_read_options(napi_env env, napi_value object, struct inet_options *out);

/* A non-blocking socket with those options, not yet bound; -1, errno and the name of the call that failed. */
int inet_socket(int type, const struct inet_options *options, const char **failed);

/* Sets TTL, minimum TTL and traffic class on an open socket; NULL or the name of the call that failed, with errno. */
const char *inet_apply(int fd, const struct inet_options *options);

/* The same TTL for multicast, which only datagram sockets know. */
const char *inet_set_multicast_ttl(int fd, const struct inet_options *options);

#endif
