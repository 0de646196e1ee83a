"""Parts of the settings page: values, the chat model, the sample base, the calibration."""
