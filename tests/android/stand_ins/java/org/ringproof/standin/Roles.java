package org.ringproof.standin;

import java.util.HashSet;
import java.util.Set;

/** The roles that this phone knows, and those that the app holds. */
public final class Roles {
    private static final Set<String> KNOWN = new HashSet<>();
    private static final Set<String> HELD = new HashSet<>();

    private Roles() {}

    public static synchronized void reset() {
        KNOWN.clear();
        HELD.clear();
    }

    /** The phone has this role to give. */
    public static synchronized void know(String role) {
        KNOWN.add(role);
    }

    /** The person gives it to the app. */
    public static synchronized void give(String role) {
        KNOWN.add(role);
        HELD.add(role);
    }

    public static synchronized void take(String role) {
        HELD.remove(role);
    }

    public static synchronized boolean available(String role) {
        return KNOWN.contains(role);
    }

    public static synchronized boolean held(String role) {
        return HELD.contains(role);
    }
}
