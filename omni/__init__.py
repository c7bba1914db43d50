"""The composition of the apps: settings, URLs, Celery, the API, the pages and the sandbox."""
