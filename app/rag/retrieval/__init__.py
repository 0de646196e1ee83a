"""From a question to ranked chunks: dense and lexical search, fusion, and the gate."""
