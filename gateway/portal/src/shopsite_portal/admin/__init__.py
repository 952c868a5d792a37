"""The dashboard at ``/admin/``: pages over the public API, as the person who is signed in."""
