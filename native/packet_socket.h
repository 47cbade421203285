#ifndef HERALD_PACKET_SOCKET_H
#define HERALD_PACKET_SOCKET_H

#include <node_api.h>

#define PACKET_SOCKET_FUNCTIONS 4
extern const napi_property_descriptor packet_socket_functions[PACKET_SOCKET_FUNCTIONS];

#endif
