#ifndef HERALD_TCP_H
#define HERALD_TCP_H

#include <node_api.h>

#define TCP_FUNCTIONS 5
extern const napi_property_descriptor tcp_functions[TCP_FUNCTIONS];

#endif
