"""From the bytes of a file to chunks with vectors: parse → clean → chunk → embed."""
