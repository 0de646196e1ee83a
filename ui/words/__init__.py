"""All words of the interface, Chinese and English."""
