"""Partners, operating agencies and cooperatives: what they do, whom they count, which facilities they run."""
