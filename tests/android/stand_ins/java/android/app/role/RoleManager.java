package android.app.role;

import android.content.Intent;
import org.ringproof.standin.Roles;

/** Not final here, so that the service of that name can be one. */
public class RoleManager {
    public static final String ROLE_CALL_SCREENING = "android.app.role.CALL_SCREENING";

    protected RoleManager() {}

    public Intent createRequestRoleIntent(String roleName) {
        return new Intent("android.app.role.action.REQUEST_ROLE")
                .setPackage("com.android.permissioncontroller")
                .putExtra("android.intent.extra.ROLE_NAME", roleName);
    }

    public boolean isRoleAvailable(String roleName) {
        return Roles.available(roleName);
    }

    public boolean isRoleHeld(String roleName) {
        return Roles.held(roleName);
    }
}
