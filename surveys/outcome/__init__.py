"""What comes out: the life of an assessment, versions, replies, results, report and letters."""
