"""What the service says and what a program asks for, as plain values: no wire types, no gRPC."""
