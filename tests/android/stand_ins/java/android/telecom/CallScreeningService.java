package android.telecom;

import android.app.Service;
import org.ringproof.standin.Telecom;

public abstract class CallScreeningService extends Service {
    public static final String SERVICE_INTERFACE = "android.telecom.CallScreeningService";

    public static class CallResponse {
        private final boolean disallow;
        private final boolean reject;
        private final boolean silence;

        private CallResponse(Builder from) {
            disallow = from.disallow;
            reject = from.reject;
            silence = from.silence;
        }

        public boolean getDisallowCall() {
            return disallow;
        }

        public boolean getRejectCall() {
            return reject;
        }

        public boolean getSilenceCall() {
            return silence;
        }

        public static class Builder {
            private boolean disallow;
            private boolean reject;
            private boolean silence;

            public Builder setDisallowCall(boolean yes) {
                disallow = yes;
                return this;
            }

            public Builder setRejectCall(boolean yes) {
                reject = yes;
                return this;
            }

            public Builder setSilenceCall(boolean yes) {
                silence = yes;
                return this;
            }

            public CallResponse build() {
                return new CallResponse(this);
            }
        }
    }

    public abstract void onScreenCall(Call.Details callDetails);

    public final void respondToCall(Call.Details callDetails, CallResponse response) {
        Telecom.responded(callDetails, response);
    }
}
