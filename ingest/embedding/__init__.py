"""From texts to vectors: the protocol, sentence-transformers, OpenVINO, servers, and a fake."""
