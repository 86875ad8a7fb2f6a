package com.google.android.gms.common.api;

public class ApiException extends Exception {
    private final Status status;

    public ApiException(Status status) {
        super(status.getStatusCode() + ": ");
        this.status = status;
    }

    public int getStatusCode() {
        return status.getStatusCode();
    }
}
