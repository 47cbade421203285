#ifndef HERALD_MULTICAST_H
#define HERALD_MULTICAST_H

#include <node_api.h>

#define MULTICAST_FUNCTIONS 2
extern const napi_property_descriptor multicast_functions[MULTICAST_FUNCTIONS];

#endif
