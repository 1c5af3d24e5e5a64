"""The gRPC side: from requests to the domain and back."""
