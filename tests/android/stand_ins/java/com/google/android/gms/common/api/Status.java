package com.google.android.gms.common.api;

import android.os.Parcelable;

public final class Status implements Parcelable {
    private final int code;

    public Status(int code) {
        this.code = code;
    }

    public int getStatusCode() {
        return code;
    }
}
