package org.ringproof.standin;

import android.content.pm.Signature;

/** The certificates that the app is signed with. */
public final class Signing {
    private static byte[][] certificates = {{}};

    private Signing() {}

    static synchronized void reset() {
        byte[] certificate = new byte[256];
        for (int index = 0; index < certificate.length; index++) {
            certificate[index] = (byte) index;
        }
        certificates = new byte[][] {certificate};
    }

    /** So many different ones from now on; none: as before an update of the app is complete. */
    public static synchronized void setCount(int count) {
        certificates = new byte[count][];
        for (int index = 0; index < count; index++) {
            certificates[index] = new byte[] {(byte) index};
        }
    }

    static synchronized Signature[] signatures() {
        Signature[] found = new Signature[certificates.length];
        for (int index = 0; index < found.length; index++) {
            found[index] = new Signature(certificates[index]);
        }
        return found;
    }
}
