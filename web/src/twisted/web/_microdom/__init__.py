"""A small model of documents, for `twisted.web.microdom` and `twisted.web.domhelpers`."""
