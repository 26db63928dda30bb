"""Values -> bytes.

The libraries behind charts, PDF and Word files take longer to import than all the rest. So their modules are imported
by the function that writes such a file, not at the head of a module that pages or commands import;
scripts/gunicorn.conf.py imports them before the site is served.
"""
