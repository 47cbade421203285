#ifndef HERALD_ROUTE_NETLINK_H
#define HERALD_ROUTE_NETLINK_H

#include <node_api.h>

#define ROUTE_NETLINK_FUNCTIONS 2
extern const napi_property_descriptor route_netlink_functions[ROUTE_NETLINK_FUNCTIONS];

#endif
