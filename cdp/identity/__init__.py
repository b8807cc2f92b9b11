"""Who is who: normalised identifiers, the guards on them and the clusters they make."""
