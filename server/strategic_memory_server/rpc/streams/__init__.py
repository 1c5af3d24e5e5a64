"""The streams of subscribers: who is admitted, from where it resumes, who is served next."""
