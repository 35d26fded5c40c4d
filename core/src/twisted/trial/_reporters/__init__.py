"""Those who tell how tests went; `twisted.trial.reporter` hands them out."""
