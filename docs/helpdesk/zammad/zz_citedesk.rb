# Zammad's pages may show frames of YouTube and Vimeo; this adds the Citedesk service.
# The name makes it load after content_security_policy.rb.
policy = Rails.application.config.content_security_policy
policy.frame_src(*policy.directives.fetch('frame-src', []), '@SERVICE@')
