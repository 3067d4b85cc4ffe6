"""Several processes behind one address: a supervisor that decides nothing, and workers that share its port.

The supervisor compiles and tests a revision, and every worker loads it before any of them serves it. It starts
workers again, replaces them, and tells how all of them are. It needs no gRPC.
"""
