"""The allowance (참여수당): what each month of work earns, what of it is payable, and what has been paid."""
