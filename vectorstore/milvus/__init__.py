"""Milvus: the vectors of all stores in collections of a server, apart by partition key."""
