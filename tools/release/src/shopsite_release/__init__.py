"""Independent releases: may this part go out beside what is released, and the steps of letting it go."""
