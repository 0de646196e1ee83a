"""From texts to vectors: the protocol, sentence-transformers, OpenVINO, and a fake."""
