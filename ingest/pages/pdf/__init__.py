"""Pages of PDF files, through PDFium."""
