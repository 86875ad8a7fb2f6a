package org.ringproof.standin;

import android.app.role.RoleManager;

/** What getSystemService("role") answers. */
public final class Service_role extends RoleManager {
    public Service_role() {}
}
