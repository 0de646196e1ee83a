"""Offline bundles: one signed file from which Zhiwen is installed without a network.

    zhiwen-0.1.0-1a2b3c4d/
      install.sh         starts `install.py` with the Python that the wheels are for
      bundle.json        name, platform, Python, models, images
      SHA256SUMS         of every other file; SHA256SUMS.sig signs it (ssh-keygen -Y, Ed25519)
      images.txt         container images that compose files and chart name
      wheels/ models/ project/

Like the rest of the installer, only the standard library and `ssh-keygen` are used.
"""
