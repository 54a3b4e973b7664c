"""Identity over HTTP."""

from litestar import Router, delete, get, patch, post, put

from api.endpoint import endpoint
from domain.identity.commands.acknowledge_erasure import AcknowledgeErasure
from domain.identity.commands.change_email import ChangeEmail
from domain.identity.commands.change_password import ChangePassword
from domain.identity.commands.create_user import CreateUser
from domain.identity.commands.deactivate_user import DeactivateUser
from domain.identity.commands.delete_me import DeleteMe
from domain.identity.commands.delete_user import DeleteUser
from domain.identity.commands.dev_register import DevRegister
from domain.identity.commands.finish_setup import FinishSetup
from domain.identity.commands.forgot_password import ForgotPassword
from domain.identity.commands.reactivate_user import ReactivateUser
from domain.identity.commands.request_account import RequestAccount
from domain.identity.commands.request_email_change import RequestEmailChange
from domain.identity.commands.request_email_verification import RequestEmailVerification
from domain.identity.commands.reset_password import ResetPassword
from domain.identity.commands.sign_up import SignUp
from domain.identity.commands.unlock_user import UnlockUser
from domain.identity.commands.update_me import UpdateMe
from domain.identity.commands.update_user import UpdateUser
from domain.identity.commands.verify_email import VerifyEmail
from domain.identity.queries.export_me import ExportMe
from domain.identity.queries.export_user import ExportUser
from domain.identity.queries.get_erasure import GetErasure
from domain.identity.queries.get_me import GetMe
from domain.identity.queries.get_user import GetUser
from domain.identity.queries.list_erasures import ListErasures
from domain.identity.queries.list_users import ListUsers


def identity(*, private: bool, dev: bool) -> Router:
    """Return the routes: `private` sign-up tells nobody which addresses are known, `dev` adds what lets anyone in."""
    sign_up = endpoint(post, "/signup", RequestAccount, status=202) if private else endpoint(post, "/signup", SignUp)
    return Router(
        "/auth",
        route_handlers=[
            sign_up,
            endpoint(post, "/setup", FinishSetup),
            endpoint(get, "/me", GetMe),
            endpoint(patch, "/me", UpdateMe),
            endpoint(delete, "/me", DeleteMe, status=204),
            endpoint(get, "/me/export", ExportMe),
            endpoint(post, "/password/change", ChangePassword, status=200),
            endpoint(post, "/password/forgot", ForgotPassword, status=202),
            endpoint(post, "/password/reset", ResetPassword, status=204),
            endpoint(post, "/email/change", RequestEmailChange, status=202),
            endpoint(post, "/email/change/finish", ChangeEmail, status=204),
            endpoint(post, "/email/verify", VerifyEmail, status=204),
            endpoint(post, "/email/verify/request", RequestEmailVerification, status=202),
            endpoint(get, "/users", ListUsers),
            endpoint(post, "/users", CreateUser),
            endpoint(get, "/users/{user_id:uuid}", GetUser),
            endpoint(patch, "/users/{user_id:uuid}", UpdateUser),
            endpoint(delete, "/users/{user_id:uuid}", DeleteUser, status=204),
            endpoint(get, "/users/{user_id:uuid}/export", ExportUser),
            endpoint(post, "/users/{user_id:uuid}/activate", ReactivateUser, status=204),
            endpoint(post, "/users/{user_id:uuid}/deactivate", DeactivateUser, status=204),
            endpoint(post, "/users/{user_id:uuid}/unlock", UnlockUser, status=204),
            endpoint(get, "/erasures", ListErasures),
            endpoint(get, "/erasures/{user_id:uuid}", GetErasure),
            endpoint(
                put,
                "/erasures/{user_id:uuid}/acknowledgements/{subscriber:str}",
                AcknowledgeErasure,
                status=204,
            ),
            *([endpoint(post, "/dev/register", DevRegister)] if dev else []),
        ],
    )
