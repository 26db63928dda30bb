"""What the site imports only when it draws or writes a file, for the libraries behind it."""

WRITERS = (
    *("surveys.reporting.canvas", "surveys.reporting.document_pdf", "surveys.reporting.document_word"),
    *("surveys.reporting.paper_pdf", "surveys.reporting.strip_pdf", "surveys.vote.papers.paper_ballots_pdf"),
)
