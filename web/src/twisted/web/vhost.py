"""Sites of several names on one port."""

from __future__ import annotations

from typing import Any

from twisted.python import roots
from twisted.web import pages, resource

__all__ = ["NameVirtualHost", "VHostMonsterResource", "VirtualHostCollection"]


class VirtualHostCollection(roots.Homogenous):
    """The hosts of a `NameVirtualHost`, as entities."""

    entityType = resource.Resource

    def __init__(self, nvh: NameVirtualHost) -> None:
        self.nvh = nvh

    def listStaticEntities(self) -> Any:
        """The names of hosts, and their resources."""
        return self.nvh.hosts.items()

    def getStaticEntity(self, name: Any) -> Any:
        """The resource of a host, or None."""
        return self.nvh.hosts.get(name)

    def reallyPutEntity(self, name: Any, entity: Any) -> None:
        """Add a host."""
        self.nvh.addHost(name, entity)

    def delEntity(self, name: Any) -> None:
        """Remove a host."""
        self.nvh.removeHost(name)


class NameVirtualHost(resource.Resource):
    """
    Has a tree of resources for each name of the server.

    @ivar default: the tree for unknown names, and for requests that tell none; or None.
    @ivar hosts: the trees by names in lower case.
    """

    default: Any = None

    def __init__(self) -> None:
        resource.Resource.__init__(self)
        self.hosts: dict[bytes, Any] = {}

    def listStaticEntities(self) -> list[Any]:
        """The children that were put, and the collection of hosts."""
        return [*resource.Resource.listStaticEntities(self), ("Virtual Hosts", self._collection())]

    def getStaticEntity(self, name: Any) -> Any:
        """A child that was put, or the collection of hosts."""
        if name == "Virtual Hosts":
            return self._collection()
        return resource.Resource.getStaticEntity(self, name)

    def _collection(self) -> VirtualHostCollection:
        return VirtualHostCollection(self)

    def addHost(self, name: bytes, resrc: Any) -> None:
        """
        Add a host.

        @param name: without a port.
        """
        self.hosts[name] = resrc

    def removeHost(self, name: bytes) -> None:
        """
        Remove a host.

        @raise KeyError: if there is none of this name.
        """
        del self.hosts[name]

    def _getResourceForRequest(self, request: Any) -> Any:
        """The tree for a request."""
        host = (request.getHeader(b"host") or b"").lower()
        name = host[: host.rindex(b":")] if b":" in host.rpartition(b"]")[2] else host
        return self.hosts.get(name, self.default) or pages.notFound(
            "Not Found", f"host {name.decode('ascii', 'replace')!r} not in vhost map"
        )

    def render(self, request: Any) -> Any:
        """Render the tree for a request."""
        return self._getResourceForRequest(request).render(request)

    def getChild(self, path: bytes, request: Any) -> Any:
        """What a segment leads to in the tree for a request."""
        found = self._getResourceForRequest(request)
        if found.isLeaf:
            request.postpath.insert(0, request.prepath.pop(-1))
            return found
        return found.getChildWithDefault(path, request)


class _HostResource(resource.Resource):
    """Takes the next segment as the name of the host, and perhaps a port."""

    def getChild(self, path: bytes, request: Any) -> Any:
        """What is meant by the rest of the path under that name."""
        host, sign, port = path.partition(b":")
        request.setHost(host, int(port) if sign and port.isdigit() else 80)
        original = [request.prepath.pop() for _ in range(3)][::-1]
        found = request.site.getResourceFor(request)
        request.prepath = original + request.prepath
        return found


class VHostMonsterResource(resource.Resource):
    """
    For a proxy that says in the path how clients reach it: ``/vhost/https/example.org:443/...``.

    Only a proxy that one controls may get there.
    """

    def getChild(self, path: bytes, request: Any) -> Any:
        """Take the segment as the scheme."""
        if path not in (b"http", b"https"):
            return pages.notFound()
        secure = path == b"https"
        request.isSecure = lambda: secure
        return _HostResource()
