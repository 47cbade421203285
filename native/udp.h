#ifndef HERALD_UDP_H
#define HERALD_UDP_H

#include <node_api.h>

#define UDP_FUNCTIONS 3
extern const napi_property_descriptor udp_functions[UDP_FUNCTIONS];

#endif
