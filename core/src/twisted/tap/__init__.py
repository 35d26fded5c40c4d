"""Services that commands make; see `twisted.application.service.IServiceMaker`."""
