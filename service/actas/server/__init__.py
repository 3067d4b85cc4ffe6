"""The gRPC service: what stands between the network and `decide`."""

import os

# gRPC's fork handlers start its threads again in every child, where they crash before the child becomes OPA: with
# uvloop one start in five failed under load. Our children replace themselves at once and never use gRPC. It is read
# when gRPC begins, so it is set before any module of this package imports it.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"
