package android.content.pm;

import android.os.Parcelable;

public class Signature implements Parcelable {
    private final byte[] certificate;

    public Signature(byte[] certificate) {
        this.certificate = certificate;
    }

    public byte[] toByteArray() {
        return certificate.clone();
    }
}
