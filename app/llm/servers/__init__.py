"""Chat servers on this machine: llama.cpp, vLLM, and a fake one for tests."""
