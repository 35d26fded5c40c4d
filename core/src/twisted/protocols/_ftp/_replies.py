"""The replies of an FTP server (RFC 959, 2228, 2389, 2428), and the errors that lead to them."""

from __future__ import annotations

from collections.abc import Mapping

# The number before the dot is what is sent; the one behind it tells replies apart.
RESTART_MARKER_REPLY = "100"
SERVICE_READY_IN_N_MINUTES = "120"
DATA_CNX_ALREADY_OPEN_START_XFR = "125"
FILE_STATUS_OK_OPEN_DATA_CNX = "150"

CMD_OK = "200.1"
TYPE_SET_OK = "200.2"
ENTERING_PORT_MODE = "200.3"
EPSV_ALL_OK = "200.4"
OPTION_SET = "200.5"
PROTECTION_SET = "200.6"
CMD_NOT_IMPLMNTD_SUPERFLUOUS = "202"
SYS_STATUS_OR_HELP_REPLY = "211.1"
FEAT_OK = "211.2"
DIR_STATUS = "212"
FILE_STATUS = "213"
HELP_MSG = "214"
NAME_SYS_TYPE = "215"
WELCOME_MSG = "220.2"
SVC_READY_FOR_NEW_USER = "220.1"
SVC_CLOSING_CTRL_CNX = "221.1"
GOODBYE_MSG = "221.2"
DATA_CNX_OPEN_NO_XFR_IN_PROGRESS = "225"
CLOSING_DATA_CNX = "226.1"
TXFR_COMPLETE_OK = "226.2"
ENTERING_PASV_MODE = "227"
ENTERING_EPSV_MODE = "229"
USR_LOGGED_IN_PROCEED = "230.1"
GUEST_LOGGED_IN_PROCEED = "230.2"
TLS_BEGINS = "234"
REQ_FILE_ACTN_COMPLETED_OK = "250"
PWD_REPLY = "257.1"
MKD_REPLY = "257.2"

USR_NAME_OK_NEED_PASS = "331.1"
GUEST_NAME_OK_NEED_EMAIL = "331.2"
NEED_ACCT_FOR_LOGIN = "332"
REQ_FILE_ACTN_PENDING_FURTHER_INFO = "350"
RESTARTING_AT = "350.2"

SVC_NOT_AVAIL_CLOSING_CTRL_CNX = "421.1"
TOO_MANY_CONNECTIONS = "421.2"
TOO_MANY_ERRORS = "421.3"
CANT_OPEN_DATA_CNX = "425"
CNX_CLOSED_TXFR_ABORTED = "426"
REQ_ACTN_ABRTD_FILE_UNAVAIL = "450"
REQ_ACTN_ABRTD_LOCAL_ERR = "451"
REQ_ACTN_ABRTD_INSUFF_STORAGE = "452"

SYNTAX_ERR = "500"
SYNTAX_ERR_IN_ARGS = "501"
CMD_NOT_IMPLMNTD = "502.1"
OPTS_NOT_IMPLEMENTED = "502.2"
PASV_IPV6_NOT_IMPLEMENTED = "502.3"
BAD_CMD_SEQ = "503"
CMD_NOT_IMPLMNTD_FOR_PARAM = "504"
FOREIGN_ADDRESS = "504.2"
UNSUPPORTED_NETWORK_PROTOCOL = "522"
TLS_REQUIRED = "522.2"
NOT_LOGGED_IN = "530.1"
AUTH_FAILURE = "530.2"
TLS_BEFORE_LOGIN = "530.3"
NEED_ACCT_FOR_STOR = "532"
PROTECTION_REFUSED = "536"
FILE_NOT_FOUND = "550.1"
PERMISSION_DENIED = "550.2"
ANON_USER_DENIED = "550.3"
IS_NOT_A_DIR = "550.4"
REQ_ACTN_NOT_TAKEN = "550.5"
FILE_EXISTS = "550.6"
IS_A_DIR = "550.7"
PAGE_TYPE_UNK = "551"
EXCEEDED_STORAGE_ALLOC = "552"
FILENAME_NOT_ALLOWED = "553"

#: The texts; of several lines those of lists.
RESPONSE: dict[str, str | list[str]] = {
    RESTART_MARKER_REPLY: "110 MARK yyyy-mmmm",
    SERVICE_READY_IN_N_MINUTES: "120 service ready in %s minutes",
    DATA_CNX_ALREADY_OPEN_START_XFR: "125 Data connection already open, starting transfer",
    FILE_STATUS_OK_OPEN_DATA_CNX: "150 File status okay; about to open data connection.",
    CMD_OK: "200 Command OK",
    TYPE_SET_OK: "200 Type set to %s.",
    ENTERING_PORT_MODE: "200 PORT OK",
    EPSV_ALL_OK: "200 EPSV ALL OK",
    OPTION_SET: "200 %s",
    PROTECTION_SET: "200 Protection set to %s.",
    CMD_NOT_IMPLMNTD_SUPERFLUOUS: "202 Command not implemented, superfluous at this site",
    SYS_STATUS_OR_HELP_REPLY: "211 System status reply",
    FEAT_OK: ["211-Features:", "211 End"],
    DIR_STATUS: "212 %s",
    FILE_STATUS: "213 %s",
    HELP_MSG: "214 help: %s",
    NAME_SYS_TYPE: "215 UNIX Type: L8",
    WELCOME_MSG: "220 %s",
    SVC_READY_FOR_NEW_USER: "220 Service ready",
    SVC_CLOSING_CTRL_CNX: "221 Service closing control connection",
    GOODBYE_MSG: "221 Goodbye.",
    DATA_CNX_OPEN_NO_XFR_IN_PROGRESS: "225 data connection open, no transfer in progress",
    CLOSING_DATA_CNX: "226 Abort successful",
    TXFR_COMPLETE_OK: "226 Transfer Complete.",
    ENTERING_PASV_MODE: "227 Entering Passive Mode (%s).",
    ENTERING_EPSV_MODE: "229 Entering Extended Passive Mode (|||%s|).",
    USR_LOGGED_IN_PROCEED: "230 User logged in, proceed",
    GUEST_LOGGED_IN_PROCEED: "230 Anonymous login ok, access restrictions apply.",
    TLS_BEGINS: "234 TLS begins",
    REQ_FILE_ACTN_COMPLETED_OK: "250 Requested File Action Completed OK",
    PWD_REPLY: '257 "%s"',
    MKD_REPLY: '257 "%s" created',
    USR_NAME_OK_NEED_PASS: "331 Password required for %s.",
    GUEST_NAME_OK_NEED_EMAIL: "331 Guest login ok, type your email address as password.",
    NEED_ACCT_FOR_LOGIN: "332 Need account for login.",
    REQ_FILE_ACTN_PENDING_FURTHER_INFO: "350 Requested file action pending further information.",
    RESTARTING_AT: "350 Restarting at %s.",
    SVC_NOT_AVAIL_CLOSING_CTRL_CNX: "421 Service not available, closing control connection.",
    TOO_MANY_CONNECTIONS: "421 Too many users right now, try again in a few minutes.",
    TOO_MANY_ERRORS: "421 Too many errors, closing control connection.",
    CANT_OPEN_DATA_CNX: "425 Can't open data connection.",
    CNX_CLOSED_TXFR_ABORTED: "426 Transfer aborted.  Data connection closed.",
    REQ_ACTN_ABRTD_FILE_UNAVAIL: "450 Requested action aborted. File unavailable.",
    REQ_ACTN_ABRTD_LOCAL_ERR: "451 Requested action aborted. Local error in processing.",
    REQ_ACTN_ABRTD_INSUFF_STORAGE: "452 Requested action aborted. Insufficient storage.",
    SYNTAX_ERR: "500 Syntax error: %s",
    SYNTAX_ERR_IN_ARGS: "501 syntax error in argument(s) %s.",
    CMD_NOT_IMPLMNTD: "502 Command '%s' not implemented",
    OPTS_NOT_IMPLEMENTED: "502 Option '%s' not implemented.",
    PASV_IPV6_NOT_IMPLEMENTED: "502 PASV available only for IPv4 (use EPSV instead)",
    BAD_CMD_SEQ: "503 Incorrect sequence of commands: %s",
    CMD_NOT_IMPLMNTD_FOR_PARAM: "504 Not implemented for parameter '%s'.",
    FOREIGN_ADDRESS: "504 Data connections go to the peer only, from port 1024 on.",
    UNSUPPORTED_NETWORK_PROTOCOL: "522 Network protocol not supported, use (%s)",
    TLS_REQUIRED: "522 Data connections have to be protected (PROT P).",
    NOT_LOGGED_IN: "530 Please login with USER and PASS.",
    AUTH_FAILURE: "530 Sorry, Authentication failed.",
    TLS_BEFORE_LOGIN: "530 Please begin TLS (AUTH TLS) before you log in.",
    NEED_ACCT_FOR_STOR: "532 Need an account for storing files",
    PROTECTION_REFUSED: "536 Protection level '%s' is not supported.",
    FILE_NOT_FOUND: "550 %s: No such file or directory.",
    PERMISSION_DENIED: "550 %s: Permission denied.",
    ANON_USER_DENIED: "550 Anonymous users are forbidden to change the filesystem",
    IS_NOT_A_DIR: "550 Cannot rmd, %s is not a directory",
    REQ_ACTN_NOT_TAKEN: "550 Requested action not taken: %s",
    FILE_EXISTS: "550 %s: File exists",
    IS_A_DIR: "550 %s: is a directory",
    PAGE_TYPE_UNK: "551 Page type unknown",
    EXCEEDED_STORAGE_ALLOC: "552 Requested file action aborted, exceeded file storage allocation",
    FILENAME_NOT_ALLOWED: "553 Requested action not taken, file name not allowed",
}


def replyText(key: str, *args: object) -> str:
    """
    The text of a reply, of one line; whatever would end it is left out of its arguments.

    @param key: one of `RESPONSE` that is no list.
    """
    text = RESPONSE[key]
    assert isinstance(text, str)
    if not args:
        return text
    cleaned = tuple(_oneLine(str(arg)) for arg in args)
    return text % cleaned


def _oneLine(text: str) -> str:
    return text.translate(_FORBIDDEN)


_FORBIDDEN: Mapping[int, str] = dict.fromkeys((0, 10, 13), " ")


class FTPCmdError(Exception):
    """
    A command is refused.

    @cvar errorCode: the reply.
    @ivar errorMessage: what it speaks of, such as a path.
    """

    __module__ = "twisted.protocols.ftp"
    errorCode: str

    def __init__(self, *msg: object) -> None:
        super().__init__(*msg)
        self.errorMessage = msg

    def response(self) -> str:
        """The reply."""
        return replyText(self.errorCode, *self.errorMessage)


class FileNotFoundError(FTPCmdError):
    """There is no such path."""

    __module__ = "twisted.protocols.ftp"
    errorCode = FILE_NOT_FOUND


class AnonUserDeniedError(FTPCmdError):
    """Who is anonymous changes nothing."""

    __module__ = "twisted.protocols.ftp"
    errorCode = ANON_USER_DENIED


class PermissionDeniedError(FTPCmdError):
    """That is not allowed."""

    __module__ = "twisted.protocols.ftp"
    errorCode = PERMISSION_DENIED


class IsNotADirectoryError(FTPCmdError):
    """The path is no directory."""

    __module__ = "twisted.protocols.ftp"
    errorCode = IS_NOT_A_DIR


class FileExistsError(FTPCmdError):
    """There is such a path already."""

    __module__ = "twisted.protocols.ftp"
    errorCode = FILE_EXISTS


class IsADirectoryError(FTPCmdError):
    """The path is a directory."""

    __module__ = "twisted.protocols.ftp"
    errorCode = IS_A_DIR


class CmdSyntaxError(FTPCmdError):
    """The command makes no sense."""

    __module__ = "twisted.protocols.ftp"
    errorCode = SYNTAX_ERR


class CmdArgSyntaxError(FTPCmdError):
    """An argument makes no sense."""

    __module__ = "twisted.protocols.ftp"
    errorCode = SYNTAX_ERR_IN_ARGS


class CmdNotImplementedError(FTPCmdError):
    """There is no such command."""

    __module__ = "twisted.protocols.ftp"
    errorCode = CMD_NOT_IMPLMNTD


class CmdNotImplementedForArgError(FTPCmdError):
    """There is no such variant of the command."""

    __module__ = "twisted.protocols.ftp"
    errorCode = CMD_NOT_IMPLMNTD_FOR_PARAM


class PASVIPv6NotImplementedError(FTPCmdError):
    """PASV knows nothing of IPv6."""

    __module__ = "twisted.protocols.ftp"
    errorCode = PASV_IPV6_NOT_IMPLEMENTED


class BadCmdSequenceError(FTPCmdError):
    """Another command has to come first."""

    __module__ = "twisted.protocols.ftp"
    errorCode = BAD_CMD_SEQ


class AuthorizationError(FTPCmdError):
    """The login failed."""

    __module__ = "twisted.protocols.ftp"
    errorCode = AUTH_FAILURE


class UnsupportedNetworkProtocolError(FTPCmdError):
    """Addresses of that family are not known."""

    __module__ = "twisted.protocols.ftp"
    errorCode = UNSUPPORTED_NETWORK_PROTOCOL


class ForeignAddressError(FTPCmdError):
    """A data connection to somebody else is asked for."""

    __module__ = "twisted.protocols.ftp"
    errorCode = FOREIGN_ADDRESS


class TLSRequiredError(FTPCmdError):
    """A data connection in plain text is asked for."""

    __module__ = "twisted.protocols.ftp"
    errorCode = TLS_REQUIRED


class NameNotAllowedError(FTPCmdError):
    """The path cannot be one of a file."""

    __module__ = "twisted.protocols.ftp"
    errorCode = FILENAME_NOT_ALLOWED


class DataConnectionError(FTPCmdError):
    """There is no data connection."""

    __module__ = "twisted.protocols.ftp"
    errorCode = CANT_OPEN_DATA_CNX


class TransferAborted(FTPCmdError):
    """A transfer ended before its time."""

    __module__ = "twisted.protocols.ftp"
    errorCode = CNX_CLOSED_TXFR_ABORTED
