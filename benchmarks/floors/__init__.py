"""The bare programs that the service is measured against, each written as plainly as possible."""
