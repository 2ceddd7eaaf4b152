"""Folder to documents, chunks and the library."""
