"""What stewards see and decide, and what their decisions teach."""
