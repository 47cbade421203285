#ifndef HERALD_MEMORY_H
#define HERALD_MEMORY_H

#include <node_api.h>

#define MEMORY_FUNCTIONS 1
extern const napi_property_descriptor memory_functions[MEMORY_FUNCTIONS];

#endif
