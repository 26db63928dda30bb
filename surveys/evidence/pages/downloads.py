"""Files that units hand in, as answers."""

from flask import Response, send_file

from surveys.evidence.materials import Download
from surveys.web.headers import FILE_POLICY


def handed_in(file: Download) -> Response:
    """A file from outside, sent from the disk: to be kept, never shown as a page of this site."""
    response = send_file(file.stream, file.media_type, as_attachment=True, download_name=file.name)
    response.content_length = file.size
    response.headers["Content-Security-Policy"] = FILE_POLICY
    return response
